import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { foldable } from '@codemirror/language';
import { EditorState } from '@codemirror/state';
import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import { manifestLanguage } from '../src/manifest/language';
import { manifestTemplate } from '../src/manifest/template';

/** Places where the grammar finds an error, with the text around them. */
function errors(text: string): string[] {
  const found: string[] = [];
  manifestLanguage.parser.parse(text).iterate({
    enter: node => {
      if (node.type.isError) {
        found.push(`${node.from}: …${text.slice(Math.max(0, node.from - 20), node.to + 20)}…`);
      }
    }
  });
  return found;
}

/** Names of the nodes from the root to the one at a place. */
function pathAt(text: string, needle: string): string[] {
  const names: string[] = [];
  let node: { name: string; parent: unknown } | null = manifestLanguage.parser
    .parse(text)
    .resolveInner(text.indexOf(needle) + 1);
  while (node) {
    names.unshift(node.name);
    node = node.parent as typeof node;
  }
  return names;
}

const CORPUS = fileURLToPath(new URL('../../../alm_meta/manifests', import.meta.url));

describe('the grammar accepts what the language allows', () => {
  it.each([
    ['nothing', ''],
    ['only a comment', '// nothing yet'],
    ['a byte order mark', '\ufeff@name "x"'],
    ['directives in any order', '@name "n" @schema 2\n@version "1.0.0"'],
    ['three kinds of comments', 'def A a { # one\n // two\n /* three\n ** / */ b: 1 }'],
    ['members without separators', 'def A a { b: "x" c: true d: null }'],
    ['members with commas', 'def A a { b: "x", c: [1, 2,], d: {e: -1.5e3,}, }'],
    ['a definition inside a definition', 'def A a { b: 1 def F f { t: "x" } c: 2 }'],
    ['quoted keys and escapes', 'def A a { "b c": "say \\"hi\\" \\u0131" }'],
    ['dotted and dashed ids', 'def a.B c-d.e "Title" { }'],
    ['empty collections', 'def A a { b: [] c: {} }'],
    ['words of the language as names', 'def def true { true: false null: null }'],
    ['bare words', 'def A a { effect: allow, from: [draft, a.b-c] o: {k: v} }'],
    ['blocks without a colon', 'def A a { match { kind: "x" deep { b: 1, c: d } } "e f" { } }'],
    ['a text over lines', 'def A a { b: "one\n  two\n\ndefault @ def" c: "d\nde\ndefy" }'],
    ['three quotes', 'def A a { b: """\n  say "x" and ""y""\n  def B b {\n  @c\n""" c: """""" }'],
    ['letters beyond ASCII in strings and comments', 'def A a "Gereksinim akışı 😀" { } // ağaç']
  ])('%s', (_, text) => {
    expect(errors(text)).toEqual([]);
  });
});

describe('the grammar marks what is broken', () => {
  it.each([
    ['an unclosed body', 'def A a { b: 1'],
    ['a quote that is not closed', 'def A a { b: "x\ny: 1 }'],
    ['a quote that runs into a definition', 'def A a { b: "x }\n  def B b { c: "y" } }'],
    ['three quotes that run into a directive', 'def A a { b: """x\n@name """ }'],
    ['a property without a value', 'def A a { b: }'],
    ['a loose word', 'oops def A a { }'],
    ['a definition without an id', 'def A { }']
  ])('%s', (_, text) => {
    expect(errors(text)).not.toEqual([]);
  });

  it('and an unclosed quote hides no definition', () => {
    const text = 'def A a {\n  b: "open\n}\ndef Role reviewer { c: "d" }';
    expect(pathAt(text, 'reviewer')).toContain('Id');
  });

  it('and recovers: the definition after a broken one is still read', () => {
    expect(pathAt('def A a { b: }\ndef Role reviewer { }', 'reviewer')).toContain('Id');
  });
});

describe('the corpus', () => {
  const files = existsSync(CORPUS) ? readdirSync(CORPUS).filter(name => name.endsWith('.alm')) : [];

  it('is there', () => {
    expect(files.length).toBeGreaterThan(0);
  });

  it.each(files)('%s has no error node', name => {
    expect(errors(readFileSync(`${CORPUS}/${name}`, 'utf8'))).toEqual([]);
  });

  it('the template for new manifests has no error node', () => {
    expect(errors(manifestTemplate(nullTranslator.load('alm_workbench')))).toEqual([]);
  });
});

describe('folding', () => {
  /** What is folded away of the line on which a text is found. */
  function folded(text: string, needle: string): string | null {
    const state = EditorState.create({ doc: text, extensions: [manifestLanguage] });
    const line = state.doc.lineAt(text.indexOf(needle));
    const range = foldable(state, line.from, line.to);
    return range && text.slice(range.from, range.to);
  }

  it('blocks without a colon and texts over lines fold', () => {
    const text = 'def A a {\n  m {\n    k: v\n  }\n  t: """\n    one\n  """\n  s: "1\n2"\n  w: x\n}';
    expect(folded(text, 'm {')).toBe('\n    k: v\n  ');
    expect(folded(text, 't: ')).toBe('\n    one\n  ');
    expect(folded(text, 's: ')).toBe('1\n2');
    expect(folded(text, 'w: ')).toBeNull();
  });
});

describe('names', () => {
  it('kind, id, title and key are told apart', () => {
    const text = 'def Workflow flow "Flow" { initial: "draft" }';
    expect(pathAt(text, 'Workflow').pop()).toBe('Identifier');
    expect(pathAt(text, 'Workflow')).toContain('Kind');
    expect(pathAt(text, 'flow "')).toContain('Id');
    expect(pathAt(text, '"Flow')).toContain('Title');
    expect(pathAt(text, 'initial')).toContain('Key');
  });
});
