"""The generated world of VirtualHome: houses, their furniture, the things in them, and tasks, all by seed."""
