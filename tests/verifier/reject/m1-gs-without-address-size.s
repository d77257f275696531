# M1. 65 alone takes a 64-bit address: W + 2^63 is anywhere.
function f
bad:    movl %gs:(%rax), %ecx
        ret
end f
