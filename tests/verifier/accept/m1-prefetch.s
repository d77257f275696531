# Twin of reject/m1-prefetch.s, without the fault.
function f
        prefetcht0 %gs:(%eax)
        ret
end f
