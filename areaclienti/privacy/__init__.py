"""What an operator does for one person's rights over all parts: showing and erasing what is kept about him."""
