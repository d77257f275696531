# M3. Constants are in the window, not beside the code.
function f
bad:    movl 0(%rip), %ecx
        ret
end f
