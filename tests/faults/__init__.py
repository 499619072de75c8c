"""What happens to messages when something breaks: faults under load, a history, and a checker of it."""
