"""Does the order of policies change when the search sees noisier scores?"""
