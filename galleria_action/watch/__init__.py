"""Who is told how a run ended, besides its log: people by alerts, machines by metrics. Neither can change the end."""
