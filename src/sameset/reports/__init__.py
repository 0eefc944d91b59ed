"""A finding in the forms that people read: Markdown for pull requests, one HTML file; what the terminal shares with them."""
