import type { Contents } from '@jupyterlab/services';

import type { AlmClient } from '../api/client';
import type { IPage, IProject, IWorkbenchInfo } from '../api/types';

/** The files a newcomer is led to, as far as they exist under the contents root. */
export interface IGuides {
  safety: string | null;
  tutorial: string | null;
}

const SAFETY = ['manifests/safety.alm', 'alm_meta/manifests/safety.alm'];
const TUTORIALS = ['tutorials', 'notebooks/tutorials'];

type Lister = Pick<Contents.IManager, 'get'>;

/** Names in a folder, reached by listings only, so that what is missing makes no failing request. */
async function listing(contents: Lister, folder: string, known: Map<string, string[]>): Promise<string[]> {
  const seen = known.get(folder);
  if (seen) {
    return seen;
  }
  let names: string[] = [];
  const cut = folder.lastIndexOf('/');
  const parent = cut < 0 ? '' : folder.slice(0, cut);
  const there = folder === '' || (await listing(contents, parent, known)).includes(folder.slice(cut + 1));
  if (there) {
    try {
      const model = await contents.get(folder, { content: true });
      names = ((model.content ?? []) as Contents.IModel[]).map(item => item.name);
    } catch {
      names = [];
    }
  }
  known.set(folder, names);
  return names;
}

/** Look for the example process and the first tutorial. */
export async function findGuides(contents: Lister): Promise<IGuides> {
  const known = new Map<string, string[]>();
  let safety: string | null = null;
  for (const path of SAFETY) {
    const cut = path.lastIndexOf('/');
    if ((await listing(contents, path.slice(0, cut), known)).includes(path.slice(cut + 1))) {
      safety = path;
      break;
    }
  }
  let tutorial: string | null = null;
  for (const folder of TUTORIALS) {
    const notebooks = (await listing(contents, folder, known)).filter(name => name.endsWith('.ipynb')).sort();
    if (notebooks.length > 0) {
      tutorial = `${folder}/${notebooks.find(name => /import/i.test(name)) ?? notebooks[0]}`;
      break;
    }
  }
  return { safety, tutorial };
}

export interface IOverview {
  projects: IProject[];
  more: boolean;
  info: IWorkbenchInfo | null;
}

/** What the server knows: projects, and where the dashboards are. The second may be missing. */
export async function readOverview(client: AlmClient): Promise<IOverview> {
  const [page, info] = await Promise.all([
    client.get<IPage<IProject>>('projects?limit=50'),
    client.get<IWorkbenchInfo>('workbench').catch(() => null)
  ]);
  return { projects: page.items, more: !!page.next_cursor, info };
}

/** The dashboards' address as this browser reaches it; null for anything that is not a web address. */
export function dashboardsAddress(info: IWorkbenchInfo | null, base: string): string | null {
  if (!info?.dashboards_url) {
    return null;
  }
  try {
    const url = new URL(info.dashboards_url, base);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}
