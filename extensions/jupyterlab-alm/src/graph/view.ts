import '@xyflow/react/dist/base.css';

/** Loaded with the first graph: the shared component, the drawing library and its styles. */
export { WorkflowView as default } from '../../../ui/src/graph/WorkflowView';
