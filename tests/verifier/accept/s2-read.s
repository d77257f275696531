# Twin of reject/s2-read.s, without the fault.
function f
        movq %rbp, %rax
        ret
end f
