/** Everything that is loaded with the first manifest: the grammar and the lint extension. */
export { LanguageSupport } from '@codemirror/language';
export { manifestLanguage } from './language';
export { manifestLint } from './lint';
