"""`sameset-expectations`: beside the package that it runs, whose import loads Great Expectations, which help has no use for."""
