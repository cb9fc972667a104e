/** For LIKE and ILIKE: whatever holds the text, word for word. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;
