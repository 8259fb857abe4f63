export { WorkflowView, type WorkflowViewProps } from './WorkflowView';
export { WorkflowGraph, type WorkflowGraphProps } from './WorkflowGraph';
export { WorkflowTable, type WorkflowTableProps } from './WorkflowTable';
export * from './layout';
export * from './types';
