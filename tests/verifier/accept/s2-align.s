# Twin of reject/s2-align.s, without the fault.
function f
        andq $-32, %rbp
        ret
end f
