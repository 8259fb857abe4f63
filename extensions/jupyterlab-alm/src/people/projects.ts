import type { AlmClient } from '../api/client';
import type { IPage, IProject } from '../api/types';

const LAST = 'alm-workbench:last-project';
const PAGE = 200;
const AT_MOST = 2_000;

/** The projects that somebody sees, the first two thousand of them. */
export async function readProjects(client: Pick<AlmClient, 'get'>): Promise<IProject[]> {
  const found: IProject[] = [];
  let cursor: string | null | undefined = '';
  do {
    const more = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
    const page: IPage<IProject> = await client.get<IPage<IProject>>(`projects?limit=${PAGE}${more}`);
    found.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && found.length < AT_MOST);
  return found;
}

/** The project that the first fitting hint names, by id or key, whatever its case; else the first of all. */
export function likelyProject(
  projects: readonly IProject[],
  hints: readonly (string | null | undefined)[]
): IProject | undefined {
  for (const hint of hints) {
    const wanted = hint?.toLowerCase();
    const found = projects.find(({ id, key }) => wanted === id.toLowerCase() || wanted === key.toLowerCase());
    if (found) {
      return found;
    }
  }
  return projects[0];
}

/** What an address and the path of a document say about a project: `?project=KEY`, and folders, the nearest first. */
export function placeHints(search: string, path: string): string[] {
  const named = new URLSearchParams(search).get('project');
  const folders = path.split('/').slice(0, -1).reverse();
  return [...(named ? [named] : []), ...folders.filter(folder => folder !== '')];
}

/** The project that was chosen last in this browser; a browser without a memory has none. */
export function lastProject(): string | null {
  try {
    return window.localStorage.getItem(LAST);
  } catch {
    return null;
  }
}

/** Remember it. */
export function rememberProject(id: string): void {
  try {
    window.localStorage.setItem(LAST, id);
  } catch {
    // a browser may forbid it: the next choice begins with the first project
  }
}
