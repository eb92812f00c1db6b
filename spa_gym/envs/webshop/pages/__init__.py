"""The pages: their state, and what they show as text and as HTML."""
