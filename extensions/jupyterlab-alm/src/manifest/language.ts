import {
  continuedIndent,
  delimitedIndent,
  foldInside,
  foldNodeProp,
  indentNodeProp,
  LRLanguage
} from '@codemirror/language';
import type { EditorState } from '@codemirror/state';
import type { SyntaxNode } from '@lezer/common';
import { styleTags, tags as t } from '@lezer/highlight';

import { parser } from './parser';

/** What folds of a text: all between its quotes, if it runs over lines. */
function overLines(
  node: SyntaxNode,
  state: EditorState,
  quotes: number
): { from: number; to: number } | null {
  return state.doc.lineAt(node.from).to < node.to ? { from: node.from + quotes, to: node.to - quotes } : null;
}

/** The `.alm` language: colours, folding, indentation and bracket matching. */
export const manifestLanguage = LRLanguage.define({
  name: 'alm-manifest',
  parser: parser.configure({
    props: [
      styleTags({
        DirectiveName: t.processingInstruction,
        def: t.definitionKeyword,
        'Kind/...': t.typeName,
        'Id/...': t.definition(t.variableName),
        'Title/...': t.special(t.string),
        'Key/...': t.propertyName,
        'String TextBlock': t.string,
        'Word/...': t.string,
        Number: t.number,
        Boolean: t.bool,
        Null: t.null,
        LineComment: t.lineComment,
        BlockComment: t.blockComment,
        '{ }': t.brace,
        '[ ]': t.squareBracket,
        ':': t.punctuation,
        ',': t.separator
      }),
      foldNodeProp.add({
        'Body Object Array': foldInside,
        BlockComment: n => ({ from: n.from + 2, to: n.to - 2 }),
        String: (n, state) => overLines(n, state, 1),
        TextBlock: (n, state) => overLines(n, state, 3)
      }),
      indentNodeProp.add({
        Body: delimitedIndent({ closing: '}', align: false }),
        Object: delimitedIndent({ closing: '}', align: false }),
        Array: delimitedIndent({ closing: ']', align: false }),
        Property: continuedIndent()
      })
    ]
  }),
  languageData: {
    commentTokens: { line: '//', block: { open: '/*', close: '*/' } },
    closeBrackets: { brackets: ['{', '[', '"'] },
    indentOnInput: /^\s*[}\]]$/
  }
});
