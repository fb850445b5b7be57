"""What the browser gets: pages, style sheets, and the chat widget."""
