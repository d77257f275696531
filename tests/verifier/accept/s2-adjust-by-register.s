# Twin of reject/s2-adjust-by-register.s, without the fault.
function f
        addq %rax, %rbp
        ret
end f
