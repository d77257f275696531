# M5. String instructions address through rsi and rdi, and their es cannot be overridden.
function f
bad:    rep
        movsb
        ret
end f
