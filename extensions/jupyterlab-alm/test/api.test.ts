import { describe, expect, it } from 'vitest';

import { isProblem, problemSlug, readProblem, unreachableBy } from '../src/api/problem';
import type { ICheckAnswer } from '../src/api/types';
import { type ICheckResult, ManifestChecker } from '../src/manifest/checker';
import { formatOf } from '../src/manifest/files';
import { likelyTarget, strandedStates } from '../src/manifest/stranded';
import { dashboardsAddress, findGuides } from '../src/start/data';

const PROBLEM = {
  type: '/errors/stranded-items',
  title: 'Items would be stranded',
  status: 409,
  detail: '5 items would have no state',
  correlation_id: 'c-1',
  errors: [{ path: '/state_map/open', code: 'stranded', message: '5 of type defect' }],
  states: [
    { type_id: 'defect', state: 'open', items: 5, known_states: ['new', 'opened', 'closed'] },
    { type_id: 'task', state: 'open', items: 2, known_states: ['opened', 'done'] },
    { type_id: 'gone', state: 'old', items: 1, known_states: [] }
  ]
};

describe('problem documents', () => {
  it('are read whole, with the members of their kind', () => {
    const problem = readProblem(409, PROBLEM);
    expect(problemSlug(problem)).toBe('stranded-items');
    expect(problem.correlation_id).toBe('c-1');
    expect(problem.errors).toHaveLength(1);
    expect(Object.keys(problem.extra)).toEqual(['states']);
  });

  it('may be anything without doing harm', () => {
    expect(readProblem(500, null).title).toBe('HTTP 500');
    expect(readProblem(500, ['x']).errors).toEqual([]);
    expect(
      readProblem(400, { title: 'T', type: 't', errors: 'no', reasons: [{ message: 'm' }, 'n'] }).reasons
    ).toEqual(['m', 'n']);
  });

  it('tell the workbench from a Jupyter server without it', () => {
    expect(unreachableBy(404, { message: 'Not Found', reason: null })).toBe('missing');
    expect(unreachableBy(404, null)).toBe('missing');
    expect(unreachableBy(404, { ...PROBLEM, status: 404 })).toBeNull();
    expect(unreachableBy(403, { message: 'Forbidden' })).toBe('signed-out');
    expect(unreachableBy(403, PROBLEM)).toBeNull();
    expect(unreachableBy(401, PROBLEM)).toBe('signed-out');
    expect(unreachableBy(502, null)).toBe('offline');
    expect(unreachableBy(500, null)).toBeNull();
    expect(isProblem({ type: 'x' })).toBe(false);
  });
});

describe('stranded items', () => {
  it('are asked about once for each old state, with the targets that suit all its types', () => {
    expect(strandedStates(readProblem(409, PROBLEM))).toEqual([
      { state: 'open', items: 7, types: ['defect', 'task'], targets: ['opened'] },
      { state: 'old', items: 1, types: ['gone'], targets: [] }
    ]);
    expect(strandedStates(readProblem(409, { type: 't', title: 't' }))).toEqual([]);
  });

  it('are offered the most similar state first', () => {
    expect(likelyTarget('reviewed', ['draft', 'review', 'done'])).toBe('review');
    expect(likelyTarget('xyz', ['draft', 'done'])).toBe('draft');
    expect(likelyTarget('xyz', [])).toBe('');
  });
});

describe('the checker', () => {
  const answer = { ok: true, diagnostics: [] } as unknown as ICheckAnswer;

  it('asks about a text once and tells everybody', async () => {
    let asked = 0;
    const checker = new ManifestChecker({ post: async <T>() => (asked++, answer as T) });
    const seen: ICheckResult[] = [];
    checker.checked.connect((_, result) => seen.push(result));
    await Promise.all([checker.check('a', 'dsl'), checker.check('a', 'dsl')]);
    await checker.check('a', 'yaml');
    expect(asked).toBe(2);
    // one answer for the first question, one for the question that was known, one for the other format
    expect(seen.map(result => result.text)).toEqual(['a', 'a', 'a']);
    await checker.check('a', 'dsl', true);
    expect(asked).toBe(3);
  });

  it('asks again after a failure', async () => {
    let asked = 0;
    const checker = new ManifestChecker({
      post: async () => {
        asked++;
        throw new Error('down');
      }
    });
    const seen: ICheckResult[] = [];
    checker.checked.connect((_, result) => seen.push(result));
    await expect(checker.check('a', 'dsl')).rejects.toThrow('down');
    await expect(checker.check('a', 'dsl')).rejects.toThrow('down');
    expect(asked).toBe(2);
    expect(seen[0].error?.message).toBe('down');
  });
});

describe('files', () => {
  it('a manifest is known by the end of its name', () => {
    expect(formatOf('a/b.alm')).toBe('dsl');
    expect(formatOf('b.ALM.YAML')).toBe('yaml');
    expect(formatOf('b.alm.json')).toBe('json');
    expect(formatOf('b.json')).toBeNull();
    expect(formatOf('alm')).toBeNull();
  });

  it('guides are found by listings, without asking for what is not there', async () => {
    const tree: Record<string, string[]> = {
      '': ['alm_meta', 'notebooks'],
      alm_meta: ['manifests'],
      'alm_meta/manifests': ['safety.alm'],
      notebooks: ['tutorials'],
      'notebooks/tutorials': ['02-x.ipynb', '01-import.ipynb', 'data.csv']
    };
    const get = async (path: string) => {
      expect(Object.keys(tree)).toContain(path);
      return { content: tree[path].map(name => ({ name })) } as never;
    };
    expect(await findGuides({ get })).toEqual({
      safety: 'alm_meta/manifests/safety.alm',
      tutorial: 'notebooks/tutorials/01-import.ipynb'
    });
  });

  it('only web addresses are offered as dashboards', () => {
    const info = (dashboards_url: string | null) => ({ dashboards_url, version: '1', profile: 'personal' });
    expect(dashboardsAddress(info('http://localhost:8866/'), 'http://x/')).toBe('http://localhost:8866/');
    expect(dashboardsAddress(info('/voila'), 'http://x:1/lab')).toBe('http://x:1/voila');
    expect(dashboardsAddress(info('javascript:alert(1)'), 'http://x/')).toBeNull();
    expect(dashboardsAddress(info(null), 'http://x/')).toBeNull();
    expect(dashboardsAddress(null, 'http://x/')).toBeNull();
  });
});
