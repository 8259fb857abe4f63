import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const CALL = /(?:trans|translate)\.(_n|__)\(\s*((?:'(?:[^'\\]|\\.)*'\s*,?\s*){1,2})/g;
const LITERAL = /'((?:[^'\\]|\\.)*)'/g;

/** JupyterLab translates these parts of a settings schema itself, with these contexts. */
const SCHEMA_CONTEXT = { top: 'schema', setting: 'settings' };

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap(name => {
    const path = `${folder}/${name}`;
    if (statSync(path).isDirectory()) {
      return sources(path);
    }
    return /\.tsx?$/.test(name) ? [readFileSync(path, 'utf8')] : [];
  });
}

/** Every text the front end shows, as a key of a catalogue; plurals by their singular. */
export function messages(): string[] {
  const found = new Set<string>();
  for (const source of [...sources(here('../src')), ...sources(here('../../ui/src/graph'))]) {
    for (const [, , literals] of source.matchAll(CALL)) {
      const [first] = [...literals.matchAll(LITERAL)].map(m => m[1].replace(/\\(.)/g, '$1'));
      found.add(first);
    }
  }
  for (const name of readdirSync(here('../schema'))) {
    const schema = JSON.parse(readFileSync(here(`../schema/${name}`), 'utf8'));
    found.add(`${SCHEMA_CONTEXT.top}\u0004${schema.title}`);
    found.add(`${SCHEMA_CONTEXT.top}\u0004${schema.description}`);
    found.add(`${SCHEMA_CONTEXT.setting}\u0004${schema['jupyter.lab.setting-icon-label']}`);
    for (const property of Object.values(schema.properties) as { title: string; description: string }[]) {
      found.add(`${SCHEMA_CONTEXT.setting}\u0004${property.title}`);
      found.add(`${SCHEMA_CONTEXT.setting}\u0004${property.description}`);
    }
  }
  return [...found].sort();
}

/** The catalogue of a language as JupyterLab's server sends it. */
export function raw(language: string): Record<string, Record<string, string>> {
  return JSON.parse(
    readFileSync(here(`../../../alm_workbench/locale/${language}/LC_MESSAGES/alm_workbench.json`), 'utf8')
  );
}

/** Its translations by key, without the head. */
export function catalogue(language: string): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(raw(language) as unknown as Record<string, string[]>).filter(([key]) => key !== '')
  );
}
