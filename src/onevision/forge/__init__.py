"""From pictures with questions to a reasoning data set: describe -> reason -> judge -> rewrite -> judge -> filter."""
