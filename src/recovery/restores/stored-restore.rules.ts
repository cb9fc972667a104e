import type { VeleroRestoreFacts } from './restores.types.js';

type Stored = Omit<VeleroRestoreFacts, 'startedAt' | 'completedAt'> & { startedAt: string | null; completedAt: string | null };
const instant = (text: string | null): Date | null => (text === null ? null : new Date(text));

/** Velero Restores as our own table keeps them: JSON, their instants as text. */
export function veleroRestoresFromJson(stored: unknown): VeleroRestoreFacts[] {
  return (Array.isArray(stored) ? (stored as Stored[]) : []).map((one) => ({ ...one, startedAt: instant(one.startedAt), completedAt: instant(one.completedAt) }));
}
