"""ALFWorld in text: six household tasks in a room full of receptacles."""
