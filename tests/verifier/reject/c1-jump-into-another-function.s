# C1. Another function may be entered at its entry only.
function f
bad:    jmp 1f
end f
function g
        nop
1:      ret
end g
