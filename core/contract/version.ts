/** Version of the snapshot and decision shapes. A host refuses a core that answers another one. */
export const CONTRACT_VERSION = 1;
