# Twin of reject/s2-write.s, without the fault.
function f
        movq %rax, %rbp
        ret
end f
