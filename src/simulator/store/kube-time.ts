/** RFC 3339 with whole seconds, as metav1.Time is written. */
export const kubeTime = (at: Date): string => at.toISOString().replace(/\.\d{3}Z$/, 'Z');
