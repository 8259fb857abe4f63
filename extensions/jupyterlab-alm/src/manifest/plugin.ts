import type { LanguageSupport } from '@codemirror/language';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';

import { manifestIcon } from '../icons';
import { CommandIDs, DOMAIN, EDITOR_FACTORY, IAlmWorkbench } from '../tokens';
import { ManifestActions } from './activate';
import { FILE_TYPES, type IManifestFileType } from './files';
import { ManifestTools } from './tools';

const ID = 'alm-workbench:manifest';
const DEFAULT_DELAY = 150;

/** The languages are loaded with the first manifest, not with the application. */
async function support(
  type: IManifestFileType,
  languages: IEditorLanguageRegistry,
  workbench: IAlmWorkbench,
  delay: () => number,
  trans: TranslationBundle
): Promise<LanguageSupport> {
  const { LanguageSupport: Support, manifestLint, manifestLanguage } = await import('./support');
  const lint = manifestLint({
    format: type.format,
    delay,
    check: (text, format) => workbench.checker.check(text, format),
    localMessage: trans.__('Syntax error (the server cannot be asked at the moment)')
  });
  if (type.format === 'dsl') {
    return new Support(manifestLanguage, lint);
  }
  const base = await languages.getLanguage(type.format);
  return base?.support
    ? new Support(base.support.language, [base.support.support, lint])
    : new Support(manifestLanguage, lint);
}

function displayName(type: IManifestFileType, trans: TranslationBundle): string {
  switch (type.format) {
    case 'yaml':
      return trans.__('ALM manifest (YAML)');
    case 'json':
      return trans.__('ALM manifest (JSON)');
    default:
      return trans.__('ALM manifest');
  }
}

/** File types, languages, marks and the tools around a manifest's text. */
export const manifestPlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Editing, checking and activating ALM manifests.',
  autoStart: true,
  requires: [IAlmWorkbench, IEditorLanguageRegistry],
  optional: [ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    workbench: IAlmWorkbench,
    languages: IEditorLanguageRegistry,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    let milliseconds = DEFAULT_DELAY;
    if (settings) {
      void settings.load(ID).then(loaded => {
        const read = (): void => {
          milliseconds = loaded.get('diagnosticsDelay').composite as number;
        };
        loaded.changed.connect(read);
        read();
      });
    }
    for (const type of FILE_TYPES) {
      app.docRegistry.addFileType({
        name: type.name,
        displayName: displayName(type, trans),
        extensions: [type.extension],
        mimeTypes: [type.mime],
        icon: manifestIcon,
        fileFormat: 'text',
        contentType: 'file'
      });
      languages.addLanguage({
        // JupyterLab shows this name in the status bar.
        name: displayName(type, trans),
        displayName: displayName(type, trans),
        mime: type.mime,
        extensions: type.format === 'dsl' ? ['alm'] : [],
        // A name with two extensions is found by its end; by the last one alone it would be mere YAML or JSON.
        filename: new RegExp(`${type.extension.replace(/\./g, '\\.')}$`, 'i'),
        load: () => support(type, languages, workbench, () => milliseconds, trans)
      });
    }
    const actions = new ManifestActions(workbench, trans);
    app.docRegistry.addWidgetExtension(
      EDITOR_FACTORY,
      new ManifestTools({
        workbench,
        actions,
        trans,
        showGraph: path => void app.commands.execute(CommandIDs.showGraph, { path })
      })
    );
  }
};
