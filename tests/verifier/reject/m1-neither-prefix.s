# M1. An absolute address.
function f
bad:    movl (%rax), %ecx
        ret
end f
