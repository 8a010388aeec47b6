/** To be imported when it is needed: esbuild gives whoever imports a CommonJS package so nothing but its default export. */
export { stringify } from 'yaml';
