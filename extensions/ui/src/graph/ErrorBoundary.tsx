import React from 'react';

interface Props {
  /** A new value gives the content another chance. */
  resetKey: unknown;
  message: string;
  retry: string;
  children: React.ReactNode;
}

interface State {
  error: Error | null;
  failedFor: unknown;
}

/** Keeps a failure of the drawing to its own panel and says so, instead of leaving it blank. */
export class ErrorBoundary extends React.Component<Props, State> {
  override state: State = { error: null, failedFor: undefined };

  static getDerivedStateFromError(error: Error): Partial<State> {
    return { error };
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    if (state.error && state.failedFor === undefined) {
      return { failedFor: props.resetKey };
    }
    return state.error && state.failedFor !== props.resetKey ? { error: null, failedFor: undefined } : null;
  }

  override render(): React.ReactNode {
    const { error } = this.state;
    if (!error) {
      return this.props.children;
    }
    return (
      <div className="alm-Graph-message" role="alert">
        <p>{this.props.message}</p>
        <p className="alm-Graph-detail">{error.message}</p>
        <button type="button" onClick={() => this.setState({ error: null, failedFor: undefined })}>
          {this.props.retry}
        </button>
      </div>
    );
  }
}
