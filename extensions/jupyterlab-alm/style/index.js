import './base.css';
import '../../ui/src/graph/graph.css';
