/** Who can carry out a remedy. NOBODY: nothing is to be done but to wait. */
export const remediers = ['LIFEBOAT_OPERATOR', 'HUB_ADMIN', 'CLUSTER_ADMIN', 'STORAGE_ADMIN', 'NOBODY'] as const;
export type RemedyBy = (typeof remediers)[number];
