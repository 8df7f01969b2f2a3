"""What linting looks for, each kind by itself: names, links, words of advertising, marks."""
