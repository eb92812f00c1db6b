"""What learns from data and knows neither stage nor method: imitation, advantages, losses, updates, estimators."""
