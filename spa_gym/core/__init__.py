"""Ground floor: the contract, its spaces, tasks, trajectories, errors and safe writing. Imports no other floor."""
