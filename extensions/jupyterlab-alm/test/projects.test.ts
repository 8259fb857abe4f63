import { describe, expect, it } from 'vitest';

import type { IPage, IProject } from '../src/api/types';
import { likelyProject, placeHints, readProjects } from '../src/people/projects';

const project = (id: string, key: string): IProject => ({
  id,
  key,
  name: key,
  status: 'active',
  active_version_id: null,
  active_manifest: null
});
const demo = project('1', 'DEMO');
const learn = project('2', 'LEARN');

describe('the project that an item is looked for in', () => {
  it('is the one of the first hint that names any, by id or key', () => {
    expect(likelyProject([demo, learn], [undefined, 'gone', 'learn', '1'])).toBe(learn);
    expect(likelyProject([demo, learn], ['2', 'DEMO'])).toBe(learn);
  });

  it('is the first of all without a hint, and none where there is none', () => {
    expect(likelyProject([demo, learn], [null])).toBe(demo);
    expect(likelyProject([], ['DEMO'])).toBeUndefined();
  });

  it('is told by the address before the folders, the nearest of them first', () => {
    expect(placeHints('?a=b&project=LEARN', 'work/demo/notes.ipynb')).toEqual(['LEARN', 'demo', 'work']);
    expect(placeHints('', 'notes.ipynb')).toEqual([]);
  });
});

describe('the list of projects', () => {
  it('is read page after page', async () => {
    const asked: string[] = [];
    const pages: IPage<IProject>[] = [
      { items: [demo], next_cursor: 'a b' },
      { items: [learn], next_cursor: null }
    ];
    const get = <T>(path: string): Promise<T> => {
      asked.push(path);
      return Promise.resolve(pages[asked.length - 1] as T);
    };
    expect(await readProjects({ get })).toEqual([demo, learn]);
    expect(asked).toEqual(['projects?limit=200', 'projects?limit=200&cursor=a%20b']);
  });
});
