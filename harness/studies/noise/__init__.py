"""Does a leaderboard hold when the search sees noisier scores?"""
