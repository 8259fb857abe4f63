import { corePlugin } from './core';
import { graphPlugin } from './graph/plugin';
import { manifestPlugin } from './manifest/plugin';
import { peoplePlugin } from './people/plugin';
import { startPlugin } from './start/plugin';
import { uiPlugin } from './ui/plugin';

export { IAlmWorkbench } from './tokens';

export default [corePlugin, manifestPlugin, graphPlugin, startPlugin, peoplePlugin, uiPlugin];
