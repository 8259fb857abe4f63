import type { ManifestFormat } from '../api/types';

export interface IManifestFileType {
  format: ManifestFormat;
  name: string;
  extension: string;
  mime: string;
}

/** The three ways to write a manifest; the longest extension wins, so `.alm.yaml` is not mere YAML. */
export const FILE_TYPES: readonly IManifestFileType[] = [
  { format: 'dsl', name: 'alm-manifest', extension: '.alm', mime: 'text/x-alm-manifest' },
  { format: 'yaml', name: 'alm-manifest-yaml', extension: '.alm.yaml', mime: 'text/x-alm-manifest-yaml' },
  { format: 'json', name: 'alm-manifest-json', extension: '.alm.json', mime: 'text/x-alm-manifest-json' }
];

/** The format a path's name stands for, or null when it is no manifest. */
export function formatOf(path: string): ManifestFormat | null {
  const name = path.toLowerCase();
  return FILE_TYPES.find(type => name.endsWith(type.extension))?.format ?? null;
}
