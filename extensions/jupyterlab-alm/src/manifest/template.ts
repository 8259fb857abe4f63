import type { TranslationBundle } from '@jupyterlab/translation';

/** A small manifest that checks without errors and shows each building block once. */
export function manifestTemplate(trans: TranslationBundle): string {
  return `// ${trans.__('A process: types of items, their fields and their workflow.')}
@schema 2
@namespace "my.team"
@name "process"
@version "0.1.0"

def Workflow task_flow "Task flow" {
  initial: "open"
  states: [
    {id: "open", category: "todo"},
    {id: "doing", category: "in_progress", wip_limit: 5},
    {id: "done", category: "done"},
  ]
  transitions: [
    {id: "start", from: "open", to: "doing"},
    {id: "finish", from: "doing", to: "done", guard: "len(self.title) > 3"},
    {id: "reopen", from: "done", to: "open"},
  ]
  finals: ["done"]
}

def ArtifactType task "Task" {
  workflow: "task_flow"
  key_prefix: "TASK"
  root: true
  def FieldDef details { type: "text" }
  def FieldDef priority { type: "choice" choices: ["low", "normal", "high"] default: "normal" }
}

def Role member { privileges: ["artifact:*"] }

def ACL members_may { action: "*" resource: "*" roles: ["member"] effect: "allow" }
`;
}
