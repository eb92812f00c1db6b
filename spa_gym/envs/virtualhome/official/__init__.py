"""VirtualHome's own scenes, and the published tasks over them: EAI's, crowd-sourced activities, SPA's test records."""
