/** Does again what PostgreSQL ended since it and another, who works on the same tables, waited for each other. What is done must be one transaction. */
export async function despiteDeadlocks<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: string }).code !== '40P01' && !String(error).includes('deadlock detected')) throw error;
    }
  }
}
