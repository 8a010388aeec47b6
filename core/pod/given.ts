/** The fields that are there: an optional field of an API object is absent, never `undefined`. */
export function given<T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter((entry) => entry[1] !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}
