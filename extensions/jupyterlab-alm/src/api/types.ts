/** Payloads of the REST API under /alm/api/v1, as far as this front end reads them. */

export type ManifestFormat = 'dsl' | 'yaml' | 'json';

export type Severity = 'error' | 'warning' | 'info';

/** One finding of the language service; `from` and `to` count UTF-16 code units. */
export interface IFinding {
  code: string;
  message: string;
  severity: Severity;
  from: number | null;
  to: number | null;
  line: number | null;
  col: number | null;
  end_line?: number | null;
  end_col?: number | null;
  hint?: string | null;
  path?: string | null;
}

export interface ICheckAnswer {
  ok: boolean;
  namespace: string;
  name: string;
  version: string;
  artifact_hash: string | null;
  diagnostics: IFinding[];
}

export interface IMe {
  user_id: string;
  email: string;
  display_name: string;
  tenant_id: string;
  tenant_slug: string;
  tenant_name: string;
  roles: string[];
  privileges: string[];
}

export interface IProject {
  id: string;
  key: string;
  name: string;
  description?: string | null;
  status: string;
  active_version_id: string | null;
  active_manifest: string | null;
  /** Number of items in the project. */
  items?: number | null;
}

/** An item, as far as it is named here. */
export interface IArtifact {
  id: string;
  key: string;
}

export interface IPage<T> {
  items: T[];
  next_cursor?: string | null;
}

export interface ISavedVersion {
  manifest_id: string;
  version_id: string;
  number: number;
  label: string;
  artifact_hash: string;
  unchanged: boolean;
}

export interface IWorkbenchInfo {
  dashboards_url: string | null;
  version: string;
  profile: string;
}

/** RFC 9457 problem document with the members the workbench adds. */
export interface IProblem {
  type: string;
  title: string;
  status: number;
  detail: string;
  correlation_id: string;
  errors: { path: string; code: string; message: string }[];
  reasons: string[];
  diagnostics: IFinding[];
  /** Every other member as the server sent it. */
  extra: Record<string, unknown>;
}
