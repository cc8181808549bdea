"""What filters are called, and what stands in them while nothing is chosen."""

LABELS = {
    "environment": "Environment",
    "app": "App",
    "release": "Release",
    "user_id": "User",
    "provider": "Provider",
    "model": "Model",
    "status": "Status",
    "conversation": "Conversation",
    "error_type": "Error type",
    "job": "Batch job",
    "q": "Search",
    "step": "Last step",
    "rating": "Rating",
    "sort": "Order",
    "scope": "Scope",
    "tag": "Tag",
    "kind": "Kind",
    "has": "With",
}
EVERY = {
    "app": "All apps",
    "release": "All releases",
    "provider": "All providers",
    "model": "All models",
    "status": "Any status",
    "job": "All batch jobs",
    "step": "Any step",
    "rating": "Any rating",
    "scope": "All scopes",
    "tag": "All tags",
    "kind": "All kinds",
    "has": "With or without words",
}
TYPED = {
    "q": "Search address, name or id",
    "tuning.q": "Search what was said",
    "documents.q": "Search documents",
    "memories.q": "Search memories",
    "feedback.q": "Search comments and edits",
}
