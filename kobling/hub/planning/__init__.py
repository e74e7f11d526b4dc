"""What a plan is made from: tables opened for work, records gathered for the planner, references, forecasts."""
