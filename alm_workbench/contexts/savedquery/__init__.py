"""Questions about items that people keep and share; what one finds is always what its reader may see."""
