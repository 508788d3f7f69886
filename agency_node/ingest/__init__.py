"""From an export to a generation that answers: stage, tag, complete; killed at any point, it goes on where it was."""
