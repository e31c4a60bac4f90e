"""Five questions that works of Table 1 answer on a data set, one file each."""
