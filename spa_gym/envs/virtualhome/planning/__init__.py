"""Planning with full knowledge: regression through the simulator's own failures, and a search over what to do first."""
