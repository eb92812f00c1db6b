"""VirtualHome: households as graphs, with generated houses and the official scenes and tasks."""
