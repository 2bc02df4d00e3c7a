print("agentsafe")
